"""Where the broker is, and what the board is called there."""

BROKER = '127.0.0.1'  # of Home Assistant's add-on "Mosquitto broker": its address
PORT = 1883
USER = PASSWORD = None
NAME = 'desk'  # one for each board
URL = 'http://desk.local'  # "Visit" on the device's page in Home Assistant
