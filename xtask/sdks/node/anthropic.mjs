// finds access_token
import Anthropic from '@anthropic-ai/sdk';

await new Anthropic({ baseURL: process.argv[2] }).models.list();
