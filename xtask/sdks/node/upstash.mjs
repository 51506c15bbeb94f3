// finds access_token, url=https://*.example
import { Redis } from '@upstash/redis';
import './support/redirected.mjs';

await Redis.fromEnv({ retry: false }).get('a');
