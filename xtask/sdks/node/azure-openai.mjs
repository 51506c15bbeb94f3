// finds access_token, endpoint=http://127.0.0.1:1/*, api_version
import { AzureOpenAI } from 'openai';

const client = new AzureOpenAI();
console.log(client.apiKey, client.baseURL, client.apiVersion);
