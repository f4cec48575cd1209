package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// get sends one HTTP request and answers with its status and body.
func get(args []string) (answer, error) {
	flags := flag.NewFlagSet("get", flag.ExitOnError)
	rootsFile := flags.String("roots", "", "PEM file of the trusted certificates")
	url := flags.String("url", "", "what to get")
	header := flags.String("header", "", "one header, as NAME: VALUE")
	certificate := flags.String("cert", "", "client certificate")
	key := flags.String("key", "", "its key")
	flags.Parse(args)

	roots, err := pool(*rootsFile)
	if err != nil {
		return answer{}, err
	}
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		return verdict(err), nil
	}
	request, err := http.NewRequest(http.MethodGet, *url, nil)
	if err != nil {
		return answer{}, err
	}
	if name, value, found := strings.Cut(*header, ": "); found {
		request.Header.Set(name, value)
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	client := &http.Client{Timeout: dialTimeout, Transport: &http.Transport{TLSClientConfig: config}}
	response, err := client.Do(request)
	if err != nil {
		return verdict(err), nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return verdict(err), nil
	}
	return answer{true, map[string]any{"ok": true, "error": nil, "status": response.StatusCode, "body": string(body)}}, nil
}

// serve has the kubelet's posture: client certificates are asked for and
// checked against the client CA, and an anonymous request gets 401. Why stands
// in its log.
func serve(args []string) (answer, error) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("addr", "", "host:port to listen on")
	certificate := flags.String("cert", "", "serving certificate")
	key := flags.String("key", "", "its key")
	clientCA := flags.String("client-ca", "", "PEM file of the CAs of clients")
	flags.Parse(args)

	clients, err := pool(*clientCA)
	if err != nil {
		return answer{}, err
	}
	handler := func(response http.ResponseWriter, request *http.Request) {
		user, err := clientName(request, clients)
		if err != nil {
			fmt.Fprintf(os.Stderr, "Unable to authenticate the request: %v\n", err)
			http.Error(response, "Unauthorized", http.StatusUnauthorized)
			return
		}
		io.WriteString(response, user+"\n")
	}
	server := &http.Server{
		Addr:      *address,
		Handler:   http.HandlerFunc(handler),
		TLSConfig: &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: clients},
	}
	return answer{}, server.ListenAndServeTLS(*certificate, *key)
}

func clientName(request *http.Request, clients *x509.CertPool) (string, error) {
	if len(request.TLS.PeerCertificates) == 0 {
		return "", errors.New("anonymous")
	}
	leaf := request.TLS.PeerCertificates[0]
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:     clients,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return leaf.Subject.CommonName, err
}

const dialTimeout = 5 * time.Second
