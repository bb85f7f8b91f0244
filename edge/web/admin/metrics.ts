// Reads the metrics of the edge, in the text format of Prometheus.

/** One line: the value of a metric with these labels. */
export type Sample = { name: string; labels: string; value: number };

/** All metrics of one read. */
export class Metrics {
  readonly #samples: Sample[];

  constructor(samples: Sample[]) {
    this.#samples = samples;
  }

  /** Returns the lines of a metric. */
  list(name: string): Sample[] {
    return this.#samples.filter((sample) => sample.name === name);
  }

  /** Returns the sum of a metric over all its labels, or over those that count. */
  sum(name: string, counts: (labels: string) => boolean = () => true): number {
    return this.list(name).reduce((sum, { labels, value }) => (counts(labels) ? sum + value : sum), 0);
  }
}

/** Reads all lines that have a value; comments have none. */
export function read_metrics(text: string): Metrics {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = /^([a-z_]+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) samples.push({ name, labels, value: Number(value) });
  }
  return new Metrics(samples);
}
