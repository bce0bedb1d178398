"""python3-websockets as a client. usage: ws_client.py URL [--deflate]. Prints "same" when everything came back as it went."""
import asyncio
import os
import sys

import websockets


async def main():
    compression = "deflate" if "--deflate" in sys.argv else None
    async with websockets.connect(sys.argv[1], compression=compression, max_size=1 << 26) as socket:
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20):
            sent = os.urandom(size)
            await socket.send(sent)
            assert await socket.recv() == sent, size
            text = ("aé€𝄞漢😀" * (size // 6))[: size // 4]
            await socket.send(text)
            assert await socket.recv() == text, size
        pieces = ["aé", "", "€𝄞", "漢", "😀"] * 100
        await socket.send(iter(pieces))
        assert await socket.recv() == "".join(pieces)
        await (await socket.ping(b"x"))
    print("same")


asyncio.run(main())
