"""FastMCP's client."""

import asyncio
from importlib.metadata import version

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from scenario import ARGUMENTS, COMMAND, drive


async def main():
    async with Client(StdioTransport(COMMAND, ARGUMENTS)) as client:

        async def call(tool, arguments, hear):
            answer = await client.call_tool(tool, arguments, progress_handler=hear, raise_on_error=False)
            return answer.is_error, answer.content[0].text, answer.structured_content

        await drive(client.list_tools, call)
        print(f"fastmcp {version('fastmcp')}")


asyncio.run(main())
