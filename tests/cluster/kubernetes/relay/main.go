// relay LISTEN NETNS TARGET passes connections to an address of the machine on to an address in a network namespace.
//
// The cluster lives in a network namespace of its own; this is its one door, and it opens to loopback only.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func main() {
	listen, namespace, target := os.Args[1], os.Args[2], os.Args[3]
	listener, err := net.Listen("tcp", listen)
	must(err)

	// From here on this thread, and so every socket it makes, belongs to the cluster's namespace.
	// The listener stays where it was made.
	runtime.LockOSThread()
	file, err := os.Open(namespace)
	must(err)
	must(unix.Setns(int(file.Fd()), unix.CLONE_NEWNET))

	for {
		client, err := listener.Accept()
		must(err)
		server, err := net.Dial("tcp", target) // within the machine: accepted or refused at once
		if err != nil {
			client.Close()
			continue
		}
		go relay(client.(*net.TCPConn), server.(*net.TCPConn))
	}
}

// relay passes on what both sides say until both have finished.
func relay(client, server *net.TCPConn) {
	defer client.Close()
	defer server.Close()
	answered := make(chan struct{})
	go func() {
		io.Copy(client, server)
		client.CloseWrite()
		close(answered)
	}()
	io.Copy(server, client)
	server.CloseWrite()
	<-answered
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
