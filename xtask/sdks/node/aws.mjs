// finds access_key_id, secret_access_key, region=eu-*-1, session_token
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const client = new STSClient({ endpoint: process.argv[2] });
console.log((await client.config.credentials()).secretAccessKey);
await client.send(new GetCallerIdentityCommand());
