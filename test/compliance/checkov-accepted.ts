import type { AcceptedFindings } from './findings.ts';

/** Checks of checkov that are not followed, and why. `npm run lint:checkov` fails on any other finding, and on a line that nothing needs. */
export const CHECKOV_ACCEPTED: AcceptedFindings = {
  CKV_AWS_18: {
    reason: 'the bucket of the access logs itself: it would log its own logging without an end',
    on: /^AccessLogs/,
  },
  CKV_AWS_21: {
    reason:
      'objects are written once and expire: those of claims and dead letters are named by their contents, e-mails by their events, and S3 names each of its logs anew',
    on: /^(AccessLogs|claims|DeadLetterBodies|mailWritten)/,
  },
  CKV_AWS_27: {
    reason:
      'it knows KMS keys only: these queues are encrypted by SQS itself (SSE-SQS), to which SNS can deliver and which no key policy can break',
  },
  CKV_AWS_115: {
    reason:
      'reserving takes from what the whole account has. Consumers of queues are bounded by the concurrency of their mappings, those of logs by the shards, the sweeper runs once a minute; what callers wait for has its own where data is kept',
  },
  CKV_AWS_116: {
    reason:
      "a function's own dead-letter queue is for asynchronous invocations. Consumers are invoked by mappings, whose queues and destinations have dead letters; the sweeper does in a minute what it has not done now",
  },
  CKV_AWS_117: {
    reason:
      "functions call AWS's APIs, signed and over TLS, and nothing in a private network; a VPC would add endpoints to pay for and addresses to run out of",
  },
  CKV_AWS_119: {
    reason:
      'tables are encrypted under the key that KMS manages for DynamoDB, which is audited and rotated. A customer key would let nobody in or out whom the roles do not already, and adds a way to lose the data',
  },
  CKV_AWS_158: {
    reason: 'CloudWatch Logs encrypts by itself; functions log ids and reasons, never the bodies of messages',
  },
  CKV_AWS_173: {
    reason: 'Lambda encrypts the environment by itself; it holds names and addresses of resources and no secret',
  },
};
