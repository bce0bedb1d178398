namespace Engine.Backplane.Redis;

/// <summary>
/// What has to happen at once on the server. A topic is a hash (its epoch <c>e</c>, its newest offset <c>s</c>, and the last sequence and offset of each origin) and
/// a stream of its messages, whose ids are their offsets.
/// </summary>
internal static class RedisScripts
{
    /// <summary>The message is published.</summary>
    public const int Published = 0;

    /// <summary>The topic had it.</summary>
    public const int Duplicate = 1;

    /// <summary>The origin's message before it has not arrived: nothing was done.</summary>
    public const int OutOfOrder = 2;

    /// <summary>
    /// Appends and publishes. Keys: the hash, the stream, and the idempotency key's if there is one. Returns what was done, the epoch and the offset.
    /// </summary>
    /// <remarks>
    /// Each origin's sequence continues the one before it, or is refused: a message that was overtaken by the next of its origin would look like a duplicate when
    /// it is tried again. An origin whose confirmed message is not known here proves that the server has lost something: the topic begins another life.
    /// </remarks>
    public const string Publish = """
        local candidate, length, historyAge, epochAge, channel, payload = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
        local origin, sequence, previous, follows, window = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10], ARGV[11]
        local epoch = redis.call('HGET', KEYS[1], 'e')
        local last = redis.call('HGET', KEYS[1], origin)
        if last then
          local colon = string.find(last, ':', 1, true)
          local lastSequence = tonumber(string.sub(last, 1, colon - 1))
          if lastSequence == sequence then
            return {1, epoch, string.sub(last, colon + 1)}
          end
          if lastSequence > sequence then
            local id = origin .. ':' .. ARGV[8]
            for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1024)) do
              if entry[2][4] == id then
                return {1, epoch, string.sub(entry[1], 1, -3)}
              end
            end
            return {1, epoch, '0'}
          end
          if lastSequence < previous then
            if follows == '0' then
              return {2, '', '0'}
            end
            epoch = false
          end
        elseif previous > 0 and follows == '0' then
          return {2, '', '0'}
        end
        if KEYS[3] then
          local known = redis.call('GET', KEYS[3])
          if known then
            local colon = string.find(known, ':', 1, true)
            local offset = string.sub(known, colon + 1)
            if epoch then
              redis.call('HSET', KEYS[1], origin, ARGV[8] .. ':' .. offset)
            end
            return {1, string.sub(known, 1, colon - 1), offset}
          end
        end
        if not epoch then
          epoch = candidate
          redis.call('DEL', KEYS[1], KEYS[2])
          redis.call('HSET', KEYS[1], 'e', epoch)
        end
        local offset = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 's', 1))
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', length, offset .. '-0', 'd', payload, 'i', origin .. ':' .. ARGV[8])
        redis.call('HSET', KEYS[1], origin, ARGV[8] .. ':' .. offset)
        redis.call('PEXPIRE', KEYS[1], epochAge)
        redis.call('PEXPIRE', KEYS[2], historyAge)
        if KEYS[3] then
          redis.call('SET', KEYS[3], epoch .. ':' .. offset, 'PX', window)
        end
        redis.call('PUBLISH', channel, epoch .. ':' .. offset .. ':' .. payload)
        return {0, epoch, offset}
        """;

    /// <summary>Reads. Keys: the hash and the stream. Returns the epoch, the newest offset, and the stream's entries after the one that was asked for.</summary>
    /// <remarks>A position after the newest one proves that the server has lost something: the topic begins another life.</remarks>
    public const string Read = """
        local candidate, afterEpoch, after, count, epochAge = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
        local epoch = redis.call('HGET', KEYS[1], 'e')
        local head = tonumber(redis.call('HGET', KEYS[1], 's') or '0')
        if not epoch or (afterEpoch == epoch and after > head) then
          redis.call('DEL', KEYS[1], KEYS[2])
          redis.call('HSET', KEYS[1], 'e', candidate)
          redis.call('PEXPIRE', KEYS[1], epochAge)
          return {candidate, '0', {}}
        end
        if afterEpoch ~= epoch then
          after = math.max(head - count, 0)
        end
        redis.call('PEXPIRE', KEYS[1], epochAge)
        local first = string.format('%.0f', after + 1) .. '-0'
        return {epoch, string.format('%.0f', head), redis.call('XRANGE', KEYS[2], first, '+', 'COUNT', count)}
        """;
}
