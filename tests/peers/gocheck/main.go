//go:debug default=go1.26

// Command gocheck is the Go side of hapki's tests: crypto/x509 and crypto/tls,
// asked directly, with nothing of Kubernetes in between.
//
// It behaves as a program of the Go release that hapki follows, whatever the
// release that go.mod asks for: behind //go:debug stand changes to what
// net/url and crypto/x509 take.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

const usage = `usage:
  gocheck version
  gocheck verify --roots R.pem --chain C.pem [--intermediates I.pem] [--host H] [--purpose server|client] [--at RFC3339]
  gocheck describe --cert C.pem
  gocheck keypair --cert C.pem --key K.pem
  gocheck get --roots R.pem --url URL --cert C.pem --key K.pem [--header "NAME: VALUE"]
  gocheck serve --addr HOST:PORT --cert C.pem --key K.pem --client-ca CA.pem
  gocheck witness < QUESTIONS
  gocheck handshake < QUESTIONS
  gocheck present --chains QUESTIONS
  gocheck bench issue --key p256|rsa2048 -n N
  gocheck bench verify --dir DIR [--times N]
  gocheck bench names --dir DIR
Every answer is one JSON object on stdout. Exit code: 0 yes, 1 no, 2 could not be asked.
`

func main() {
	if len(os.Args) < 2 {
		fail(usage)
	}
	commands := map[string]func([]string) (answer, error){
		"version":   version,
		"verify":    verify,
		"describe":  describe,
		"keypair":   keypair,
		"get":       get,
		"serve":     serve,
		"bench":     bench,
		"witness":   witness,
		"handshake": handshake,
		"present":   present,
	}
	command, known := commands[os.Args[1]]
	if !known {
		fail(usage)
	}
	reply, err := command(os.Args[2:])
	if err != nil {
		fail(err.Error())
	}
	if err := json.NewEncoder(os.Stdout).Encode(reply.body); err != nil {
		fail(err.Error())
	}
	if !reply.yes {
		os.Exit(1)
	}
}

// answer is what goes to stdout, and whether it is a yes.
type answer struct {
	yes  bool
	body any
}

// verdict is the answer to a question that Go answers with nil or an error.
func verdict(err error) answer {
	body := map[string]any{"ok": err == nil, "error": nil}
	if err != nil {
		body["error"] = err.Error()
	}
	return answer{err == nil, body}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "gocheck:", message)
	os.Exit(2)
}
