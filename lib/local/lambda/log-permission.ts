import { type Iam, rolePrincipal } from '../iam.ts';
import type { FunctionDefinition, FunctionLog } from './definition.ts';

/**
 * Lambda writes a function's log with the function's role, and what the role may not write is in no log. The engine does the same:
 * such lines are dropped, and the refusal is told.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
 * @param find the function by its name
 */
export function permittedLog(
  { iam, find, region, account }: LogPermissions,
  onLog: (log: FunctionLog) => void,
): (log: FunctionLog) => void {
  return (log) => {
    const definition = find(log.function);
    if (definition === undefined) return;
    const role = rolePrincipal(definition.roleArn, definition.name);
    const stream = `arn:aws:logs:${region}:${account}:log-group:${definition.logGroup}:log-stream:${definition.name}`;
    if (LOG_ACTIONS.every((action) => iam.refuse(role, action, stream) === undefined)) onLog(log);
  };
}

export interface LogPermissions {
  readonly iam: Iam;
  readonly find: (functionName: string) => FunctionDefinition | undefined;
  readonly region: string;
  readonly account: string;
}

const LOG_ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
