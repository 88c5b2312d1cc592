import { readFileSync } from 'node:fs';
import type { SampleProducer } from './system.ts';

/** The samples of a producer, what belongs together joined. */
export function readSamples<Request>({
  file,
  joined = (requests) => requests,
}: Pick<SampleProducer<Request>, 'file' | 'joined'>): readonly Request[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return joined(lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Request));
}

/**
 * Samples again and again, as other ones each time.
 * @param run begins the suffix of their identity; '' for none
 */
export function* endlessly<Request>(
  { renewed }: Pick<SampleProducer<Request>, 'renewed'>,
  requests: readonly Request[],
  run = '',
): Generator<Request> {
  for (let round = 1; requests.length > 0; round++) {
    for (const request of requests) yield renewed(request, run === '' ? String(round) : `${run}-${round}`);
  }
}

/** Every n-th of them twice, beginning with the first. */
export function* someTwice<T>(items: Iterable<T>, every: number): Generator<T> {
  let count = 0;
  for (const item of items) {
    yield item;
    if (count++ % every === 0) yield item;
  }
}
