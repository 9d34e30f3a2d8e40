"""DynamoDB's attribute values and Python's."""

from decimal import Decimal

from boto3.dynamodb.types import TypeDeserializer

_deserializer = TypeDeserializer()


def item_of(attributes):
    """An item as plain values; whole numbers are of type int."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in attributes.items()}


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def _plain(value):
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
