def one_log(logs):
    x = {name: log[name] for log in logs for name in ("user", "ad", "item") if name in log}
    return x, {
        name: log[name] for log in logs for name in ("chosen", "ad_click", "rating") if name in log
    }
