# Puts the stand-in of idf.py into PATH, as ESP-IDF's export.sh does with its own.
PATH="$IDF_PATH/tools:$PATH"
export PATH
