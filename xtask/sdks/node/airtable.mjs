// finds access_token
import Airtable from 'airtable';

await new Airtable({ endpointUrl: process.argv[2] }).base('a')('b').find('c');
