import Table from 'cli-table3';
import type { Latency, NotificationsResult } from './run.ts';

const count = (value: number): string => value.toLocaleString('en');
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, value) => sum + value, 0);
const latency = ({ count: of, median, p99, highest }: Latency): string =>
  `median ${median.toFixed(2)} s, p99 ${p99.toFixed(2)} s, highest ${highest.toFixed(2)} s (${count(of)})`;

/** The result as a table for the terminal. */
export function notificationsTable({ plan, sent, figures, machine, ...result }: NotificationsResult): string {
  const table = new Table({ style: { head: [], border: [] } });
  const undeliverable = total(figures.undeliverable);
  table.push(
    ['notifications', count(sent)],
    ['sent', count(total(figures.sentBy))],
    ['undeliverable, recorded', count(undeliverable)],
    ['given up after three tries', count(figures.givenUp)],
    ['lost', count(result.lost)],
    ['sent again', `${figures.sentAgain}, of which ${figures.answersLost} for a lost answer`],
    ['  unexplained', count(result.twiceUnexplained)],
    ...Object.entries(figures.mostInASecond).map(([channel, most]) => [
      `${channel}: most in any second`,
      `${most} of ${plan.providers[channel as keyof typeof plan.providers].perSecond}`,
    ]),
    ['refused for the rate', count(figures.overTheRate)],
    ...Object.entries(result.urgent).map(([channel, one]) => [`${channel}: urgent arrives after`, latency(one)]),
    ...Object.entries(result.drainedAfter).map(([channel, seconds]) => [
      `${channel}: campaign sent after`,
      `${Math.round(seconds)} s`,
    ]),
  );
  const about = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return [table.toString(), ...result.problems, `machine: ${about.join(', ')}`].join('\n');
}
