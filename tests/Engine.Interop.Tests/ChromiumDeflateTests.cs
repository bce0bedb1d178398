using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>The browser's own WebSocket with permessage-deflate (RFC 7692), which it always offers.</summary>
public sealed class ChromiumDeflateTests(string transport) : BothTransports(transport)
{
    [Test]
    public async Task WebSocket_of_the_browser_gets_every_size_back_compressed()
    {
        await using Chromium browser = await Chromium.LaunchAsync();
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync($"{Server.Http}/plain");
        string seen = await page.EvaluateAsync<string>(
            """
            () => new Promise((resolve, reject) => {
              const socket = new WebSocket(`ws://${location.host}/`);
              socket.binaryType = 'arraybuffer';
              // Text that repeats itself, and bytes that do not (a linear congruential generator's), so that both kinds of block are in use.
              let state = 20261121;
              const noise = size => new Uint8Array(size).map(() => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
              const wanted = [];
              const send = message => { wanted.push(message); socket.send(message); };
              socket.onopen = () => {
                for (const size of [0, 1, 2, 125, 126, 127, 65535, 65536, 65537, 1 << 20]) {
                  send('\u00e9\u{1f600} again and '.repeat(size / 16));
                  send(noise(size));
                  send(new Uint8Array(size));
                }
              };
              socket.onmessage = ({ data }) => {
                const next = wanted.shift();
                const same = typeof data === 'string'
                  ? data === next
                  : data.byteLength === next.length && new Uint8Array(data).every((value, index) => value === next[index]);
                if (!same) reject(new Error('different'));
                if (wanted.length === 0) socket.close(3000, 'done');
              };
              socket.onclose = ({ code, wasClean }) => resolve(`${socket.extensions.split(';')[0]} ${code} ${wasClean} ${wanted.length}`);
            })
            """).WaitAsync(TestContext.CurrentContext.CancellationToken);
        Assert.That(seen, Is.EqualTo("permessage-deflate 3000 true 0"));
    }
}
