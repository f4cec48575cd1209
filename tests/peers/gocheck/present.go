package main

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// present serves each chain of a file, which has the form of handshake's input,
// at an address of its own on 127.0.0.1. It prints the addresses, one JSON
// object a line and in order, and serves until its standard input ends.
// Whoever gets through is told "ok" over HTTP.
func present(args []string) (answer, error) {
	flags := flag.NewFlagSet("present", flag.ExitOnError)
	name := flags.String("chains", "", "file of chains and keys, one JSON object a line")
	flags.Parse(args)
	file, err := os.Open(*name)
	if err != nil {
		return answer{}, err
	}
	questions := json.NewDecoder(bufio.NewReader(file))
	addresses := json.NewEncoder(os.Stdout)
	count := 0
	for ; ; count++ {
		var shown dialled
		if err := questions.Decode(&shown); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return answer{}, fmt.Errorf("chain %d: %w", count+1, err)
		}
		key, err := x509.ParsePKCS8PrivateKey(shown.Key)
		if err != nil {
			return answer{}, fmt.Errorf("chain %d: %w", count+1, err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return answer{}, err
		}
		pair := tls.Certificate{Certificate: shown.Chain, PrivateKey: key.(crypto.PrivateKey)}
		go serveAlways(listener, pair)
		if err := addresses.Encode(map[string]string{"address": listener.Addr().String()}); err != nil {
			return answer{}, err
		}
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return answer{}, err
	}
	return answer{true, map[string]int{"presented": count}}, nil
}

func serveAlways(listener net.Listener, shown tls.Certificate) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			connection.SetDeadline(time.Now().Add(handshakeTimeout))
			server := tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{shown}})
			if server.Handshake() != nil {
				return
			}
			server.Read(make([]byte, 4096))
			io.WriteString(server, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		}()
	}
}
