// finds access_token
import Groq from 'groq-sdk';

await new Groq({ baseURL: process.argv[2] }).models.list();
