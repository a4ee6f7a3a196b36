"""Starts real stibium services and real clients for tests."""
from .client import Client, Refused
from .docker import Docker, DockerService
from .dockerd import NoDocker
from .service import Service, topology
from .shell import Shell, ping
from .wire import WebSocket, http

__all__ = ["Client", "Docker", "DockerService", "NoDocker", "Refused", "Service", "Shell", "WebSocket", "http", "ping", "topology"]
