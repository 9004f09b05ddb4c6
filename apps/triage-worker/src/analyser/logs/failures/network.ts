import type { KnownFailure } from '../known-failure.ts';

/** What clients say when they cannot reach, find or trust the other side. */
export const NETWORK_FAILURES: readonly KnownFailure[] = [
  {
    cause: 'dns_name_unknown',
    pattern:
      /no such host|\bgetaddrinfo ENOTFOUND|\bENOTFOUND\b|\bEAI_AGAIN\b|Name or service not known|could not (translate|resolve) host|Could not resolve host|Temporary failure in name resolution|name resolution|UnknownHostException|nodename nor servname|NXDOMAIN|server misbehaving|bad address '|failed to resolve|lookup \S{1,253} on \S{1,60}:53\b|Failed to resolve|Name does not resolve|EAI_NODATA|host not found in upstream|can't find [\w.-]{1,253}: (NXDOMAIN|SERVFAIL)|can't resolve '/,
    meaning: 'the name of a service that it depends on cannot be resolved',
    source: 'getaddrinfo(3), Go net, Node.js, JVM, curl, nginx',
    remote: true,
  },
  {
    cause: 'tls_failed',
    pattern:
      /x509: |certificate (verify failed|has expired|signed by unknown authority)|SSL_ERROR|SSLHandshakeException|PKIX path building failed|CERT_HAS_EXPIRED|UNABLE_TO_VERIFY_LEAF_SIGNATURE|self[- ]signed certificate|tls: (failed to verify|bad certificate|handshake failure)|unable to get local issuer certificate/,
    meaning: 'a TLS handshake fails',
    source: 'Go crypto/x509, OpenSSL, JVM, Node.js',
    remote: true,
  },
  {
    cause: 'dependency_unreachable',
    pattern:
      /connection refused|ECONNREFUSED|Connection refused|ERROR 2003|Communications link failure|Can't connect to (MySQL|local MySQL) server|could not connect to server|UnableToConnect|actively refused it|Connection to \S{1,200} refused/i,
    meaning: 'a service that it depends on refuses the connection',
    source: 'connect(2): ECONNREFUSED',
    remote: true,
  },
  {
    cause: 'dependency_unreachable',
    pattern:
      /i\/o timeout|\bETIMEDOUT\b|connection timed out|connect timed out|context deadline exceeded|DeadlineExceeded|no route to host|EHOSTUNREACH|Network is unreachable|ENETUNREACH|connection reset by peer|ECONNRESET|TimeoutError|Timed out waiting for a node assignment|ConnectTimeout|operation timed out|Connection to node .{0,80} could not be established|No servers available|no healthy upstream/i,
    meaning: 'a service that it depends on does not answer',
    source: 'connect(2): ETIMEDOUT, EHOSTUNREACH; Go, Node.js, gRPC, Kafka, Envoy',
    remote: true,
  },
  {
    cause: 'cloud_permission_denied',
    pattern:
      /googleapi: Error 40[13]|\bAccessDenied(Exception)?\b|is not authorized to perform|AuthorizationFailed|PERMISSION_DENIED|notAuthorized|UnauthorizedOperation|cannot (get|list|watch|create|update|patch|delete) resource "|is forbidden: User "/,
    meaning: 'an API refuses what it asks for',
    source: 'Google, AWS, Azure, Kubernetes RBAC',
  },
];
