"""The models, which `ellar db migrate` compares with the database."""

from ellar_sql import model


class User(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    name = model.Column(model.String(128))
