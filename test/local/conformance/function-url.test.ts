import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect } from 'vitest';
import type { JsonObject } from '../../../lib/local/json.ts';
import { REGION } from '../engine/support.ts';
import { conformanceApp, type DeployedFunction } from './app.ts';
import { conforms } from './conforms.ts';

const app = conformanceApp();
const [URL, CALL] = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'];

const shop = app.lambda("return 'sold';");
app.add({
  Url: {
    Type: 'AWS::Lambda::Url',
    Properties: { AuthType: 'AWS_IAM', TargetFunctionArn: { 'Fn::GetAtt': [shop.id, 'Arn'] } },
  },
});

/** A function that calls the URL in its role's name, which may do this with the function. */
const caller = (...actions: readonly string[]): DeployedFunction =>
  app.lambda(
    `const { status } = await fetch(process.env.URL, { headers: {
       authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/${REGION}/lambda/aws4_request, SignedHeaders=host, Signature=x',
       'x-amz-security-token': process.env.AWS_SESSION_TOKEN } });
     return status;`,
    { Environment: { Variables: { URL: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } } } },
    actions.map((Action): JsonObject => ({ Effect: 'Allow', Action, Resource: { 'Fn::GetAtt': [shop.id, 'Arn'] } })),
  );
const statusFor = async ({ name }: DeployedFunction): Promise<number> => {
  const { Payload } = await app.clients.lambda.send(new InvokeCommand({ FunctionName: name }));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
};

const [both, urlOnly, callOnly] = [caller(URL, CALL), caller(URL), caller(CALL)];
conforms(
  'Lambda: who calls a function URL needs InvokeFunctionUrl and InvokeFunction; with one of them the answer is 403',
  { source: 'lambda-url-auth' },
  async () => {
    expect(await statusFor(both)).toBe(200);
    expect(await statusFor(urlOnly)).toBe(403);
    expect(await statusFor(callOnly)).toBe(403);
  },
);

/** Somebody whom the function's own policy lets in. */
const letIn = caller();
const roleOf = { 'Fn::GetAtt': [`${letIn.id}Role`, 'Arn'] };
const lets = (more: JsonObject): JsonObject => ({
  Type: 'AWS::Lambda::Permission',
  Properties: { FunctionName: { Ref: shop.id }, Principal: roleOf, ...more },
});
app.add({
  LetInByUrl: lets({ Action: URL, FunctionUrlAuthType: 'AWS_IAM' }),
  LetInToCall: lets({ Action: CALL, InvokedViaFunctionUrl: true }),
});
conforms(
  "Lambda: the function's policy may grant both, InvokeFunction by way of the URL only",
  { source: 'lambda-url-auth' },
  async () => {
    expect(await statusFor(letIn)).toBe(200);
  },
);
