package main

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// dialled is one line of the handshakes' input: what a server presents and
// signs with, and what a client trusts and asks for. Bytes are in base64, the
// key is PKCS #8.
type dialled struct {
	Chain [][]byte `json:"chain"`
	Key   []byte   `json:"key"`
	Roots [][]byte `json:"roots"`
	Host  string   `json:"host"`
	Now   int64    `json:"now"`
}

// handshake reads questions, one JSON object a line, and answers each with what
// a client says after a TLS handshake over TCP on 127.0.0.1: {"ok": true} or its
// error. The last line says how many handshakes there were.
func handshake([]string) (answer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return answer{}, err
	}
	defer listener.Close()
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	buffer := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(buffer)
	judged := 0
	for ; ; judged++ {
		var asked dialled
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return answer{}, fmt.Errorf("question %d: %w", judged+1, err)
		}
		outcome, err := asked.dial(listener)
		if err != nil {
			return answer{}, fmt.Errorf("question %d: %w", judged+1, err)
		}
		if err := answers.Encode(verdict(outcome).body); err != nil {
			return answer{}, err
		}
	}
	return answer{true, map[string]int{"judged": judged}}, buffer.Flush()
}

// dial is the client's error, and apart from it what keeps the two from meeting.
func (asked dialled) dial(listener net.Listener) (outcome, unfit error) {
	key, err := x509.ParsePKCS8PrivateKey(asked.Key)
	if err != nil {
		return nil, err
	}
	shown := tls.Certificate{Certificate: asked.Chain, PrivateKey: key.(crypto.PrivateKey)}
	served := make(chan error, 1)
	go func() { served <- serveOnce(listener, shown) }()
	roots := x509.NewCertPool()
	for _, der := range asked.Roots {
		if certificate, err := x509.ParseCertificate(der); err == nil {
			roots.AddCert(certificate)
		}
	}
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(handshakeTimeout))
	now := time.Unix(asked.Now, 0).UTC()
	client := tls.Client(connection, &tls.Config{
		RootCAs:    roots,
		ServerName: asked.Host,
		Time:       func() time.Time { return now },
	})
	outcome = client.Handshake()
	connection.Close()
	return outcome, <-served
}

// serveOnce answers one client, whose refusal is no error here.
func serveOnce(listener net.Listener, shown tls.Certificate) error {
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(handshakeTimeout))
	server := tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{shown}})
	server.Handshake()
	return nil
}

// handshakeTimeout is long, for the machine may be busy: who is late would seem to refuse.
const handshakeTimeout = time.Minute
