"""What both applications show: the last notes that visitors have left."""

LENGTH = 200  # characters
NUMBER = 8


class Notes:
    def __init__(self):
        self.texts = ['Templates are compiled to Python.', 'Values are <escaped> & "quoted".']

    def __iter__(self):
        return iter(self.texts)

    def add(self, text):
        text = text.strip()[:LENGTH]
        if text:
            self.texts.append(text)
            del self.texts[:-NUMBER]
