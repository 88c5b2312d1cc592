import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { lettersOf, openWorld, output, reasonOf } from 'sluice-cli/inspect';

const world = await openWorld('parcels');
const table = new ScanCommand({ TableName: output(world.outputs, 'Announcements') });
const { Items = [] } = await world.clients.dynamodb.send(table);
for (const { parcel, told, times } of Items) console.log(`${parcel}: ${told} (${times})`);
const { announce = [] } = (await lettersOf(world)).seen;
for (const letter of announce) console.log(`given up, ${reasonOf(letter)}: ${letter.body}`);
world.clients.close();
