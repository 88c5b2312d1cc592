import { endlessly, readSamples, someTwice } from '../../lib/operations/systems/samples.ts';
import { isThrottled, patient, sendAll } from '../../lib/operations/systems/sending.ts';
import type { Access, SampleProducer, Sent } from '../../lib/operations/systems/system.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Every n-th sample is sent twice. */
export const DUPLICATE_EVERY = 10;
const PARALLEL = 8;
const SECONDS_PER_MINUTE = 60;
const MILLIS_PER_MINUTE = 60_000;

export interface Traffic {
  /** Steady traffic for so long; undefined: all samples once, as a burst. */
  readonly minutes?: number | undefined;
  /** Samples per second of steady traffic. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

/** The samples once, or again and again for as long as was asked; every tenth twice. */
export async function sendSamples(
  producer: SampleProducer,
  access: Access,
  { minutes, rate, signal }: Traffic,
  terminal: Terminal,
): Promise<Sent[]> {
  const samples = readSamples(producer);
  const { unit } = producer;
  const sent: Sent[] = [];
  const sender = patient(producer.open(access));
  const sendings =
    minutes === undefined
      ? samples.length + Math.ceil(samples.length / DUPLICATE_EVERY)
      : Math.ceil(minutes * SECONDS_PER_MINUTE * rate);
  const bar = terminal.progress(
    minutes === undefined
      ? `Sending ${samples.length} ${unit}, every tenth twice`
      : `Sending ${unit}, every tenth twice`,
    sendings,
  );
  if (minutes !== undefined) terminal.note(`Sending ${rate} ${unit} a second for ${minutes} minutes ...`);
  const steady = minutes !== undefined && {
    perSecond: rate,
    signal: AbortSignal.any([signal, AbortSignal.timeout(minutes * MILLIS_PER_MINUTE)]),
  };
  const requests = someTwice(minutes === undefined ? samples : endlessly(producer, samples), DUPLICATE_EVERY);
  try {
    await sendAll(producer, sender, requests, { parallel: PARALLEL, signal, ...steady }, (one) => {
      sent.push(one);
      bar.step();
    });
  } finally {
    bar.stop();
    sender.close();
  }
  return sent;
}

/** Steady sample traffic until the signal. */
export async function keepSending(
  producer: SampleProducer,
  access: Access,
  { rate, signal }: Omit<Traffic, 'minutes'>,
): Promise<void> {
  const sender = patient(producer.open(access), isThrottled);
  try {
    await sendAll(
      producer,
      sender,
      endlessly(producer, readSamples(producer)),
      { parallel: PARALLEL, perSecond: rate, signal },
      () => undefined,
    );
  } finally {
    sender.close();
  }
}
