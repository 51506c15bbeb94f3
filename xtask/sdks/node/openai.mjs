// finds access_token
import OpenAI from 'openai';

await new OpenAI({ baseURL: process.argv[2] }).models.list();
