// Node's side of the Lambda Runtime API as a plain loop: `node bootstrap.mjs ./preferences.mjs`. AWS's own client does more
// (streams, extensions, error reports of its own), so that what is measured here flatters Node.
import http from "node:http";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const runtime = "/2018-06-01/runtime";

function call(method, path, body) {
  return new Promise((done, failed) => {
    const request = http.request({ host, port, agent, method, path: runtime + path }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => done({ headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on("error", failed);
    });
    request.on("error", failed);
    request.end(body);
  });
}

function report(error) {
  return JSON.stringify({ errorType: error.name, errorMessage: error.message });
}

function context({ headers }) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

let handler;
try {
  ({ handler } = await import(pathToFileURL(resolve(process.argv[2])).href));
} catch (error) {
  await call("POST", "/init/error", report(error));
  process.exit(1);
}
for (;;) {
  const next = await call("GET", "/invocation/next");
  const invocation = context(next);
  let outcome = "response";
  let answer;
  try {
    answer = JSON.stringify(await handler(JSON.parse(next.body.toString()), invocation));
  } catch (error) {
    outcome = "error";
    answer = report(error);
  }
  await call("POST", `/invocation/${invocation.awsRequestId}/${outcome}`, answer);
}
