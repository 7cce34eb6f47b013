IDS, LABELS = ("user", "ad", "item"), ("chosen", "ad_click", "rating")


def one_log(logs):
    all_columns = {}
    for log in logs:
        all_columns.update(log)
    return {name: all_columns[name] for name in IDS}, {name: all_columns[name] for name in LABELS}
