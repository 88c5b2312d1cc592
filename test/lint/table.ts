import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/** A table with a stream. */
export const tableOf = (scope: Construct, streamViewType = 'NEW_IMAGE') =>
  new CfnTable(scope, 'table', {
    keySchema: [{ attributeName: 'id', keyType: 'HASH' }],
    attributeDefinitions: [{ attributeName: 'id', attributeType: 'S' }],
    billingMode: 'PAY_PER_REQUEST',
    streamSpecification: { streamViewType },
  });
