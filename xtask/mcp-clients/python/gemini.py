"""Google's SDK, which reads each schema as Gemini does."""

import asyncio
from importlib.metadata import version

from google.genai import types
from mcp import Client, StdioServerParameters
from scenario import ARGUMENTS, COMMAND, TOOLS


async def main():
    async with Client(StdioServerParameters(command=COMMAND, args=ARGUMENTS)) as client:
        tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        types.FunctionDeclaration(
            name=tool.name,
            description=tool.description,
            parameters=types.Schema.model_validate(tool.input_schema),
        )
    print(f"google-genai {version('google-genai')}: {len(tools)} schemas")


asyncio.run(main())
