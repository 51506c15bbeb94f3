// finds access_token
import { GoogleGenAI } from '@google/genai';

const client = new GoogleGenAI({ httpOptions: { baseUrl: process.argv[2] } });
await client.models.get({ model: 'a' });
