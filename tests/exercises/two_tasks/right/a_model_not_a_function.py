from mtl_lessons import two_tasks

user_vector, trunk, build, compiled = (
    two_tasks.user_vector(),
    two_tasks.trunk(),
    two_tasks.build(),
    two_tasks.compiled(),
)
report = two_tasks.report
