import { styleText } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';

/** How a command talks: for people on a terminal, for machines with --json, plainly elsewhere. Messages go to stderr, results to stdout. */
export interface Terminal {
  readonly json: boolean;
  /** Colours, bars and boxes only on a terminal. */
  readonly rich: boolean;
  note(text: string): void;
  progress(label: string, total: number): { step(): void; stop(): void };
}

export function openTerminal({ json }: { readonly json: boolean }): Terminal {
  const rich = process.stderr.isTTY === true && !json;
  return {
    json,
    rich,
    note: (text) => void process.stderr.write(`${text}\n`),
    progress(label, total) {
      if (!rich) return { step: () => undefined, stop: () => undefined };
      const bar = new SingleBar(
        { format: `${label} {bar} {value}/{total}`, hideCursor: true, stream: process.stderr },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      return { step: () => bar.increment(), stop: () => bar.stop() };
    },
  };
}

type Format = Parameters<typeof styleText>[0];

/** Styles a text on a terminal only. */
export const styled = (terminal: Terminal, format: Format, text: string): string =>
  terminal.rich ? styleText(format, text) : text;
