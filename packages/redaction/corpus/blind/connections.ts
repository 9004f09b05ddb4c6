import type { NamedSecret } from '../named-secrets.ts';
import { around, base64Text, chosen, hex, uuid, word } from './values.ts';

/** Secrets in connection strings, as they were written before the rules were read. */
export const CONNECTIONS: Record<string, (seed: number) => NamedSecret> = {
  'postgres url': around(chosen, (s) => `postgresql://app:${s}@db:5432/app?sslmode=require`),
  'mongodb srv': around(chosen, (s) => `mongodb+srv://app:${s}@cluster0.abcde.mongodb.net/test?retryWrites=true`),
  amqp: around(chosen, (s) => `amqp://app:${s}@rabbit:5672/%2f`),
  'amqps in env': around(chosen, (s) => `CLOUDAMQP_URL=amqps://u:${s}@host/vhost`),
  'redis url without user': around(chosen, (s) => `redis://:${s}@redis:6379/0`),
  rediss: around(chosen, (s) => `connecting to rediss://default:${s}@r.example:6380`),
  sqlalchemy: around(chosen, (s) => `create_engine("mysql+pymysql://root:${s}@db/app")`),
  'sqlalchemy engine repr': around(chosen, (s) => `Engine(postgresql+psycopg2://app:${s}@db/app)`),
  'smtp url': around(chosen, (s) => `smtp://mailer%40x.io:${s}@smtp.x.io:587`),
  'ldap bind': around(chosen, (s) => `ldapsearch -H ldaps://ad -D "cn=svc,dc=x" -w ${s} -b dc=x`),
  'ldap bindpw': around(chosen, (s) => `bindDN: cn=svc,dc=x\nbindPW: ${s}`),
  'ldap bind_credentials': around(chosen, (s) => `LDAP_BIND_CREDENTIALS="${s}"`),
  'jdbc semicolons': around(
    chosen,
    (s) => `jdbc:sqlserver://db:1433;databaseName=a;user=sa;password=${s};encrypt=true`,
  ),
  'jdbc query': around(chosen, (s) => `jdbc:mysql://db/app?user=app&password=${s}&useSSL=false`),
  'jdbc oracle': around(chosen, (s) => `jdbc:oracle:thin:scott/${s}@//db:1521/ORCL`),
  odbc: around(chosen, (s) => `Driver={ODBC Driver 18 for SQL Server};Server=db;UID=sa;PWD=${s};`),
  'ado.net': around(chosen, (s) => `Server=db;Database=a;User Id=sa;Password=${s};TrustServerCertificate=True`),
  'ado.net spaced': around(chosen, (s) => `Data Source=db;User ID=sa;Password = ${s}; MultipleActiveResultSets=true`),
  'libpq dsn': around(chosen, (s) => `host=db user=app password=${s} dbname=app sslmode=disable`),
  'go mysql dsn': around(chosen, (s) => `app:${s}@tcp(db:3306)/app?parseTime=true`),
  'kafka sasl jaas': around(
    chosen,
    (s) =>
      `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="${s}";`,
  ),
  'kafka jaas escaped': around(
    chosen,
    (s) =>
      `"sasl.jaas.config":"org.apache.kafka.common.security.scram.ScramLoginModule required username=\\"a\\" password=\\"${s}\\";"`,
  ),
  'azure storage connection': around(
    (n) => base64Text(86, n) + '==',
    (s) => `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${s};EndpointSuffix=core.windows.net`,
  ),
  'azure service bus': around(
    (n) => base64Text(43, n) + '=',
    (s) => `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${s}`,
  ),
  cosmos: around(
    (n) => base64Text(86, n) + '==',
    (s) => `AccountEndpoint=https://x.documents.azure.com:443/;AccountKey=${s};`,
  ),
  iothub: around(
    (n) => base64Text(43, n) + '=',
    (s) => `HostName=x.azure-devices.net;DeviceId=d;SharedAccessKey=${s}`,
  ),
  appinsights: around(
    uuid,
    (s) => `APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=${s};IngestionEndpoint=https://x`,
  ),
  'ftp url': around(chosen, (s) => `curl: (67) ftp://bob:${s}@ftp.x.io/a: denied`),
  'git https': around(
    (n) => word(24, n),
    (s) => `fatal: unable to access 'https://oauth2:${s}@git.x.io/a.git/': 403`,
  ),
  'url user only token': around(
    (n) => hex(40, n),
    (s) => `git clone https://${s}@git.x.io/team/app.git`,
  ),
  clickhouse: around(chosen, (s) => `clickhouse://default:${s}@ch:9000/x`),
  nats: around(chosen, (s) => `nats://svc:${s}@nats:4222`),
  etcd: around(chosen, (s) => `etcdctl --user root:${s} get /x`),
  elasticsearch: around(chosen, (s) => `http://elastic:${s}@es:9200: 401`),
  snowflake: around(chosen, (s) => `snowflake://app:${s}@acct/db`),
  couchbase: around(chosen, (s) => `couchbase://cb -u Administrator -p ${s}`),
  proxy: around(chosen, (s) => `HTTPS_PROXY=http://corp%5Cjoe:${s}@proxy:3128`),
  'sentry dsn': around(
    (n) => hex(32, n),
    (s) => `SENTRY_DSN=https://${s}@o12345.ingest.sentry.io/4505`,
  ),
  'sentry dsn old': around(
    (n) => hex(32, n),
    (s) => `SENTRY_DSN=https://abcd1234abcd1234abcd1234abcd1234:${s}@sentry.io/1`,
  ),
  hibernate: around(chosen, (s) => `hibernate.connection.password ${s}`),
  pgpass: around(chosen, (s) => `db.prod:5432:app:appuser:${s}`),
};
