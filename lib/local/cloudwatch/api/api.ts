import { textAt } from '../../json.ts';
import type { ServiceHandler } from '../../service.ts';
import type { CloudWatch } from '../cloudwatch.ts';
import { CloudWatchError } from '../protocol/errors.ts';
import { type Operation, required, textsAt } from '../protocol/input.ts';
import { wireOf } from '../protocol/wire.ts';
import { alarmOperations } from './alarms-api.ts';
import { metricOperations } from './metrics-api.ts';

/** Answers the CloudWatch API (signing name `monitoring`), in all of its three protocols. */
export function cloudwatchApi(cloudwatch: CloudWatch): ServiceHandler {
  const operations: Readonly<Record<string, Operation>> = {
    ...metricOperations(cloudwatch.metrics),
    ...alarmOperations(cloudwatch.alarms),
    ...dashboardOperations(cloudwatch),
  };
  return async (request) => {
    const wire = wireOf(request);
    const name = request.operation ?? '';
    try {
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (operation === undefined) {
        const known = Object.keys(operations).sort().join(', ');
        const message = `cloudwatch: operation ${name} is not available in the engine; available: ${known}`;
        throw new CloudWatchError('InvalidAction', 'UnknownOperationException', message);
      }
      return wire.answer(operation(wire.input()));
    } catch (error) {
      if (error instanceof CloudWatchError) return wire.refuse(error);
      throw error;
    }
  };
}

function dashboardOperations({ dashboards, accountId }: CloudWatch): Readonly<Record<string, Operation>> {
  const arnOf = (name: string): string => `arn:aws:cloudwatch::${accountId}:dashboard/${name}`;
  return {
    PutDashboard(input) {
      dashboards.put(required(input, 'DashboardName'), required(input, 'DashboardBody'));
      return { DashboardValidationMessages: [] };
    },
    GetDashboard(input) {
      const { name, body } = dashboards.get(required(input, 'DashboardName'));
      return { DashboardArn: arnOf(name), DashboardBody: body, DashboardName: name };
    },
    ListDashboards(input) {
      const prefix = textAt(input, 'DashboardNamePrefix') ?? '';
      const entries = dashboards.list().filter(({ name }) => name.startsWith(prefix));
      return {
        DashboardEntries: entries.map(({ name, body, modifiedAt }) => ({
          ...{ DashboardName: name, DashboardArn: arnOf(name) },
          ...{ LastModified: new Date(modifiedAt), Size: Buffer.byteLength(body) },
        })),
      };
    },
    DeleteDashboards(input) {
      dashboards.remove(textsAt(input, 'DashboardNames'));
      return {};
    },
  };
}
