// What both functions share: one client and one logger a process, made while it starts.
import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

export const logger = new Logger({
  serviceName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  logLevel: process.env.LOG_LEVEL?.toUpperCase(),
});
// Connections are kept alive by the SDK itself.
export const dynamodb = new DynamoDBClient({});
export const TABLE = process.env.TABLE_NAME;
