/** Data channels to other members; offers, answers and candidates go through the chat. `signal(to, data)` sends one, `show(text)` tells how it goes. */
export class Peers {
  #signal;
  #show;
  #peers = new Map();

  constructor(signal, show) {
    this.#signal = signal;
    this.#show = show;
  }

  /** Bytes that came from a member. */
  bytesFrom(member) { return this.#peers.get(member)?.bytes ?? 0; }

  async call(member) {
    const peer = this.#open(member);
    this.#carry(peer, peer.connection.createDataChannel('bytes'));
    await peer.connection.setLocalDescription();
    this.#signal(member, { type: 'webrtc-signal', description: peer.connection.localDescription });
  }

  async take({ from, description, candidate }) {
    if (description?.type === 'offer') this.#open(from);
    const peer = this.#peers.get(from);
    if (!peer) return;
    if (description) {
      await peer.connection.setRemoteDescription(description);
      for (const early of peer.early.splice(0)) await peer.connection.addIceCandidate(early);
      if (description.type === 'offer') {
        await peer.connection.setLocalDescription();
        this.#signal(from, { type: 'webrtc-signal', description: peer.connection.localDescription });
      }
    } else if (candidate) {
      if (peer.connection.remoteDescription) await peer.connection.addIceCandidate(candidate);
      else peer.early.push(candidate);
    }
  }

  #open(member) {
    this.#peers.get(member)?.connection.close();
    const connection = new RTCPeerConnection();
    const peer = { member, connection, early: [], bytes: 0 };
    this.#peers.set(member, peer);
    connection.onicecandidate = ({ candidate }) => candidate && this.#signal(member, { type: 'webrtc-signal', candidate });
    connection.ondatachannel = ({ channel }) => this.#carry(peer, channel);
    connection.onconnectionstatechange = () => this.#tell();
    return peer;
  }

  #carry(peer, channel) {
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => channel.send(crypto.getRandomValues(new Uint8Array(4_096)));
    channel.onmessage = ({ data }) => {
      peer.bytes += data.byteLength;
      this.#tell();
    };
  }

  #tell() {
    this.#show([...this.#peers.values()].map(({ member, connection, bytes }) => `${member}: ${connection.connectionState}, ${bytes} bytes`).join('; '));
  }
}
