from ellar_db.env import run

run(group="tenants")
