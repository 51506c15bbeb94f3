// finds public_key=pk-lf-*, secret_key=sk-lf-*, host=http://127.0.0.1:1/*
import { Langfuse } from 'langfuse';

const client = new Langfuse();
console.log(client.publicKey, client.secretKey, client.baseUrl);
