/**
 * Names of OpenTelemetry's semantic conventions, version 1.45, as far as they are used here. A test holds them against the
 * conventions' own package, which is 10 MB to load twelve words from.
 *
 * What is not here is left out on purpose: `url.path`, `url.query`, `server.address`, `client.address`,
 * `user_agent.original`, `messaging.message.id` and the ordering key are whatever a caller sent, or name a tenant.
 */
export const NAMES = {
  httpRequestMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpResponseStatusCode: 'http.response.status_code',
  urlScheme: 'url.scheme',
  errorType: 'error.type',
  dbSystemName: 'db.system.name',
  dbNamespace: 'db.namespace',
  dbOperationName: 'db.operation.name',
  messagingSystemName: 'messaging.system.name',
  messagingOperationName: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestinationSubscriptionName: 'messaging.destination.subscription.name',
  gcpPubsubMessageDeliveryAttempt: 'gcp.pubsub.message.delivery_attempt',
  serviceName: 'service.name',
  serviceNamespace: 'service.namespace',
  serviceVersion: 'service.version',
  serviceInstanceId: 'service.instance.id',
  deploymentEnvironmentName: 'deployment.environment.name',
  cloudProvider: 'cloud.provider',
  cloudPlatform: 'cloud.platform',
  cloudAccountId: 'cloud.account.id',
  faasName: 'faas.name',
  faasVersion: 'faas.version',
} as const;

export const METRICS = {
  httpServerRequestDuration: 'http.server.request.duration',
  dbClientOperationDuration: 'db.client.operation.duration',
  messagingProcessDuration: 'messaging.process.duration',
} as const;

/** Names of our own, where the conventions have none. */
export const OWN = {
  /** residency region of the stack, which is no region of Google Cloud */
  region: 'tallystick.region',
  /** how often a transaction's work ran until it was committed */
  attempts: 'tallystick.db.attempts',
  outcome: 'outcome',
} as const;

/** What an error is called where only a few names may exist: our code, else its class. */
export const errorTypeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
};
