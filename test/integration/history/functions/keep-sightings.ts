import { archive } from '../../../../lib/runtime/archive/archive.ts';
import { keepSightings } from '../contract.ts';

export const handler = archive(keepSightings);
