"""The official SDK, as it greets and as it does without."""

import asyncio
from importlib.metadata import version

from mcp import Client, StdioServerParameters
from scenario import ARGUMENTS, COMMAND, drive


async def main(mode):
    server = StdioServerParameters(command=COMMAND, args=ARGUMENTS)
    async with Client(server, mode=mode) as client:

        async def call(tool, arguments, hear):
            answer = await client.call_tool(tool, arguments, progress_callback=hear)
            return answer.is_error, answer.content[0].text, answer.structured_content

        async def list_tools():
            return (await client.list_tools()).tools

        await drive(list_tools, call)
        print(f"mcp {version('mcp')} ({mode}: {client.protocol_version})")


for mode in ["legacy", "auto"]:
    asyncio.run(main(mode))
