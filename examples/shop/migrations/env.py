from ellar_db.env import run

run(multiple=True)
