import { type Protocol, restJsonError } from './wire.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: only the asynchronous invocation, which answers with nothing. */
export const lambdaApi: Protocol = {
  encode(operation, input) {
    if (operation !== 'InvokeAsync')
      throw new Error(`operation '${operation}' of lambda is not known here (known: InvokeAsync)`);
    const { FunctionName, Payload = {} } = input as { FunctionName: string; Payload?: object };
    return {
      path: `/2015-03-31/functions/${encodeURIComponent(FunctionName)}/invocations`,
      headers: { 'x-amz-invocation-type': 'Event', 'content-type': 'application/octet-stream' },
      body: JSON.stringify(Payload),
    };
  },
  decode: () => ({}),
  decodeError: restJsonError,
};
