import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leaks } from './leak-watch.ts';

type Value = string | number | boolean;
export type Attributes = Readonly<Record<string, Value>>;

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly traceId: string;
  readonly spanId: string;
  /** empty for the first span of a trace */
  readonly parentSpanId: string;
  readonly attributes: Attributes;
  readonly failed: boolean;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly resource: Attributes;
}

/** One series of a metric, as it last stood. */
export interface ReceivedSeries {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Attributes;
  /** sum of a counter, or of all that a histogram has seen */
  readonly sum: number;
  /** how many values a histogram has seen */
  readonly count?: number;
  /** boundaries of a histogram's buckets */
  readonly bounds?: readonly number[];
  readonly resource: Attributes;
}

/** Takes OTLP over HTTP as JSON, the real protocol from the real exporter, and keeps it (opentelemetry-proto, `*_service.proto`). */
export class OtlpCollector {
  readonly url: string;
  readonly spans: ReceivedSpan[] = [];
  readonly #server: Server;
  readonly #series = new Map<string, ReceivedSeries>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const collector = new OtlpCollector(server);
    server.on('request', (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        leaks.look('telemetry', text);
        const body: unknown = JSON.parse(text);
        if (req.url === '/v1/traces') collector.#keepSpans(body as TracesBody);
        if (req.url === '/v1/metrics') collector.#keepSeries(body as MetricsBody);
        res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
      });
    });
    return collector;
  }

  get series(): ReceivedSeries[] {
    return [...this.#series.values()];
  }

  /** Forgets what came so far. */
  clear(): void {
    this.spans.length = 0;
    this.#series.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keepSpans({ resourceSpans }: TracesBody): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({
          name: span.name,
          kind: KINDS[span.kind - 1] ?? 'internal',
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? '',
          attributes: flat(span.attributes),
          failed: span.status.code === 2,
          links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
          resource: flat(resource.attributes),
        });
      }
    }
  }

  #keepSeries({ resourceMetrics }: MetricsBody): void {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      for (const { name, unit, sum, histogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        for (const point of sum?.dataPoints ?? histogram?.dataPoints ?? []) {
          const attributes = flat(point.attributes);
          this.#series.set(`${name} ${JSON.stringify(attributes)}`, {
            name,
            unit,
            attributes,
            sum: Number(point.sum ?? point.asDouble ?? point.asInt),
            ...(point.count === undefined ? {} : { count: Number(point.count) }),
            ...(point.explicitBounds === undefined ? {} : { bounds: point.explicitBounds }),
            resource: flat(resource.attributes),
          });
        }
      }
    }
  }
}

const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'] as const;

type KeyValues = readonly {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}[];

interface TracesBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly kind: number;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly attributes: KeyValues;
        readonly status: { readonly code?: number };
        readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
      }[];
    }[];
  }[];
}

interface Point {
  readonly attributes: KeyValues;
  readonly asDouble?: number;
  readonly asInt?: number | string;
  readonly sum?: number;
  readonly count?: number | string;
  readonly explicitBounds?: readonly number[];
}

interface MetricsBody {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly unit: string;
        readonly sum?: { readonly dataPoints: readonly Point[] };
        readonly histogram?: { readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

const flat = (attributes: KeyValues): Attributes =>
  Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? boolValue ?? Number(intValue ?? doubleValue),
    ]),
  );
