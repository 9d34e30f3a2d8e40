"""What both functions share: one client and one logger a process, made while it starts."""

import os

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

TABLE = os.environ["TABLE_NAME"]
# As many connections as a batch has messages.
AT_ONCE = 10

logger = Logger(service=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"), level=os.environ.get("LOG_LEVEL", "info").upper())
dynamodb = boto3.client("dynamodb", config=Config(max_pool_connections=AT_ONCE, tcp_keepalive=True))
